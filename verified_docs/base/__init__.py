"""What everything else stands on: errors, files that are replaced whole, settings, how near two numbers must be.

In: the project's `pyproject.toml` and `snippets/settings.toml`. Out: `Config`, `DocsError`, `files.replace`,
`compare`, `nearness`. It imports no other room.
"""
