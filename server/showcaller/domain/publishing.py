"""News from media for the run sheet: who hosts a stage, who publishes, and how a talk came across."""

from __future__ import annotations

from . import facts
from .outcome import Outcome
from .quality import TalkQuality, add_up
from .runsheet import RunSheet, SheetFolds
from .session_run import PublicationRun, SessionRun, no_session, publication_touches
from .touches import PublicationTouch, QualityTouch, SessionTouch, StageTouch


def host_stage(sheet: RunSheet, fact: facts.StageHosted, at_ms: int) -> Outcome:
    """Note that a newer media worker has the stage."""
    stage = sheet.stages.get(fact.stage)
    if stage is None:
        return Outcome.refuse("not_found", f"there is no stage {fact.stage}")
    if fact.generation <= stage.generation:
        return Outcome.refuse("wrong_state", "a newer worker hosts this stage")
    stage.generation = fact.generation
    return Outcome.touch(StageTouch(fact.stage))


def start_publication(sheet: RunSheet, fact: facts.PublicationStarted, at_ms: int) -> Outcome:
    """Note that somebody publishes into the session's room."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if run.over:
        return Outcome.refuse("wrong_state", "this session is over")
    run.publications[fact.publication] = PublicationRun(fact.by, fact.source)
    return _changed(sheet, run, at_ms, Outcome())


def stop_publication(sheet: RunSheet, fact: facts.PublicationStopped, at_ms: int) -> Outcome:
    """Note its end; if a producer had put it on the stage, the stage picks by itself again."""
    run = sheet.sessions.get(fact.session)
    if run is None or fact.publication not in run.publications:
        return Outcome.refuse("not_found", "there is no such publication")
    gone = run.publications.pop(fact.publication)
    if run.chosen == fact.publication:
        run.chosen = ""
    run.unpublished_ms = sheet.clock.show_at(at_ms)
    outcome = Outcome.touch(PublicationTouch(gone.by, fact.publication))
    return _changed(sheet, run, at_ms, outcome)


def _changed(sheet: RunSheet, run: SessionRun, at_ms: int, outcome: Outcome) -> Outcome:
    outcome.touched.add(SessionTouch(run.id))
    outcome.touched.update(publication_touches(run))
    sheet.refresh(sheet.plan(run.id).stage, sheet.clock.show_at(at_ms), outcome)
    return outcome


def measure_talk(sheet: RunSheet, fact: facts.TalkMeasured, at_ms: int) -> Outcome:
    """Add what one worker measured to what others did."""
    if fact.session not in sheet.sessions and fact.session not in sheet.retired:
        return no_session(fact.session)
    so_far = sheet.quality.get(fact.session, TalkQuality())
    sheet.quality[fact.session] = add_up(so_far, fact.quality)
    return Outcome.touch(QualityTouch(fact.session))


FOLDS: SheetFolds = {
    facts.StageHosted: host_stage,
    facts.PublicationStarted: start_publication,
    facts.PublicationStopped: stop_publication,
    facts.TalkMeasured: measure_talk,
}
