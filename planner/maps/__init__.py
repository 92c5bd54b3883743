"""Plan to interactive map."""
