"""What many messages say together; on arrays and data frames, without a database."""
