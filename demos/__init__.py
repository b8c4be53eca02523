"""Small programs, one idea each: run them, look, change a number, look again."""
