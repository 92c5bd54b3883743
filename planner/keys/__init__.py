"""Keys of site.toml that need more than a line each: files in a role, rules by name, what a place is worth."""
