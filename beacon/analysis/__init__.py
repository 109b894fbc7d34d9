"""An independent implementation of the published bias analysis."""
