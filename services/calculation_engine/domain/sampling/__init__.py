"""Drawing the uncertain inputs: streams of uniform numbers by name, and the inverse distribution
functions."""
