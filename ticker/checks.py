"""What `manage.py check` says about a deployment that would not work, or would not be safe."""
