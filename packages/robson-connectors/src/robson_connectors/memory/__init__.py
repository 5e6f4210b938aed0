"""A venue in memory that misbehaves on demand."""
