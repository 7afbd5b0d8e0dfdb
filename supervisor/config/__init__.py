"""What a user may ask for: configuration files, checked, and the plan made of them."""
