"""Studies: how they are run, judged, kept and checked. What a study's own file needs is `verified_docs.study`."""
