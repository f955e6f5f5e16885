"""The pages that combine apps."""
