"""What a version stores so that it can be trained again, and training it again."""
