"""The pure parts of a drill; its oracle shares nothing with the order logic that it judges."""
