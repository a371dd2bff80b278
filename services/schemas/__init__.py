"""The published language: documents, events and commands that services exchange. No I/O."""
