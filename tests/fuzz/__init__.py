"""Structure-aware fuzzing: whole files of every kind are taken apart, spoilt in one to four places and put together again."""
