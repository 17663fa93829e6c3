"""A notebook for each program: its question and caption, its code, and its recorded results as outputs."""

from __future__ import annotations

import nbformat
from nbformat import v4

from verified_docs.programs.snippet import Snippet
from verified_docs.records.record import Record


def notebook(snippet: Snippet, held: Record) -> str:
    """The notebook as JSON, the same byte for byte each time it is made."""
    outputs = []
    if held.text:
        outputs.append(v4.new_output("stream", name="stdout", text=held.text))
    if held.figure:
        outputs.append(v4.new_output("display_data", {"image/svg+xml": held.figure}))
    code = v4.new_code_cell(snippet.code.rstrip(), execution_count=1, outputs=outputs)
    heading = snippet.question.replace(
        "`", ""
    )  # mkdocs-jupyter's contents link to headings of plain text only
    title = v4.new_markdown_cell(f"# {heading}\n\n{snippet.caption}".rstrip())
    title.id, code.id = "question", "program"
    made = v4.new_notebook(
        cells=[title, code],
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )
    return f"{nbformat.writes(made)}\n"
