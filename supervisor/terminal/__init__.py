"""What people see and type: arguments, tables, the live screen."""
