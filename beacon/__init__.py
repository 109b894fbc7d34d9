"""The Beacon pack: adapts the engine to the Project Beacon runner."""
