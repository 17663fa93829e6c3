"""What the snippets of one pytest run share: a runner, the kind of the processor, the quotations of all pages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.comparing.known import Known
from verified_docs.ledger import entry as ledger
from verified_docs.ledger.numbers import known, processors
from verified_docs.pages.page import Quote, every_quote
from verified_docs.programs.snippet import Snippet
from verified_docs.records import kinds
from verified_docs.records.kinds import Kind
from verified_docs.records.record import Record
from verified_docs.running.runner import Results, Runner
from verified_docs.running.sharing import SharedServer
from verified_docs.verifying.passes import Passes


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        recording: Whether what programs give is accepted.
        skipping: Whether a program that has passed is not run again.
        processor: The one of the ledger's processors to run on, or None for the one that records are made with.
    """

    recording: bool = False
    skipping: bool = True
    processor: str | None = None


def as_on(config: Config, name: str) -> Config:
    """The project on another one of the ledger's processors: another kind, on every machine."""
    processors = config.ledger.processors
    if name not in processors:
        raise DocsError(f"--processor: there is no {name!r}; pyproject.toml has {', '.join(processors)}")
    return replace(config, env={**config.env, **processors[name].env})


class Session:
    """What the snippets of one pytest run share."""

    def __init__(
        self, config: Config, options: Options, shared: str | None = None, owner: int | None = None
    ) -> None:
        self.config = as_on(config, options.processor) if options.processor else config
        self.options = options
        self.shared: SharedServer | None = None
        self.runner = Runner(self.config, shared=shared, owner=owner)
        self.passes = Passes(self.config)
        self._kind: Kind | None = None
        self._is_computed = config.fingerprint is None
        self._quotes: dict[str, list[Quote]] | None = None

    @property
    def kind(self) -> Kind:
        """The kind of this processor, as it was computed last."""
        if self._kind is None:
            self._kind = kinds.here(self.config, self._fingerprint)
        return self._kind

    def run(self, snippet: Snippet) -> Results:
        """Run `snippet`; before the first one the kind of the processor is computed, whatever it was last."""
        if not self._is_computed:
            self._kind = kinds.computed(self.config, self._fingerprint)
        return self.runner.run(snippet)

    def _fingerprint(self) -> kinds.Digests:
        self._is_computed = True
        return self.runner.fingerprint()

    def known(self, snippet: Snippet, held: Record) -> Known:
        """What is known of `snippet` beside its record; a processor that is tried vouches not for itself."""
        try:
            numbers = ledger.fresh(snippet).numbers
        except DocsError:
            numbers = None  # not held against other seeds yet: the ledger's check says so
        quotes = self.quotes(snippet)
        gave = processors(snippet, held, quotes, numbers)
        return known(gave, held, quotes, numbers, without=self.options.processor)

    def quotes(self, snippet: Snippet) -> list[Quote]:
        """Every place of the prose that quotes a number of `snippet`."""
        if self._quotes is None:
            self._quotes = every_quote(self.config)
        return self._quotes.get(snippet.name, [])
