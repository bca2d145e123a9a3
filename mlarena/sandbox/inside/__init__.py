"""What runs inside the jail. Nothing here holds a label, a secret or a handle."""
