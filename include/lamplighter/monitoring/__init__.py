"""What has changed since a model was trained: drift of its features, column by column."""
