"""What managers set out to do: improvement actions and targets."""
