"""How the two sample sites are made from named assumptions: see ../build.py."""
