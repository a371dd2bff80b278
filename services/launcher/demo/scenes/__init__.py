"""What the terminal shows of the story's steps, one file an act."""
