"""How far the rules carry against people who know them: planted patterns, disguised more and more."""
