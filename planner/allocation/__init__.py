"""Choosing one option per unit under named rules, with a certificate."""
