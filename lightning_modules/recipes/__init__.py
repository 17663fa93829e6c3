"""Where to begin with a new problem: the chapter's tables of defaults, as data and as something that trains."""
