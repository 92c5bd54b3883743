"""The lakes of a plan through the years: which stand on its finished ground, and what the years do to them."""
