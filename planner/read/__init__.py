"""The only room that opens files, repairs geometry and reprojects."""
