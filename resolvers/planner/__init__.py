"""The read engine: an operation on a view becomes one SQL statement that builds its whole JSON answer."""
