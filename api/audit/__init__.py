"""What was done by whom, in a chain that shows a changed or removed entry."""
