"""One file for each way of showing; none of them knows AWS."""
