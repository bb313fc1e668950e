"""What the echo service needs before any server: nothing."""
