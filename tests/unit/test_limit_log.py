import logging

from showcaller.limit_log import LINES, WHILE_S, LimitLog


def lines_of(caplog):
    return [record for record in caplog.records if record.action == "limit.reached"]


def test_an_address_that_reaches_a_limit_is_logged_once_in_a_while(caplog):
    log = LimitLog()
    with caplog.at_level(logging.WARNING):
        for second in range(30):
            log.note("tokens", "192.0.2.1", float(second))
        log.note("tokens", "192.0.2.1", WHILE_S)
    first, second = lines_of(caplog)
    assert (first.limit, first.address, first.unlogged) == ("tokens", "192.0.2.1", 0)
    assert second.unlogged == 29


def test_a_thousand_addresses_write_few_lines(caplog):
    log = LimitLog()
    with caplog.at_level(logging.WARNING):
        for number in range(1000):
            log.note("requests", f"192.0.2.{number}", number / 100)
    assert len(lines_of(caplog)) == LINES
    assert len(log._told["requests"]) == LINES


def test_one_limit_does_not_hide_another(caplog):
    log = LimitLog()
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            log.note("requests", f"192.0.2.{number}", 0.0)
        log.note("tokens", "192.0.2.1", 0.0)
    assert lines_of(caplog)[-1].limit == "tokens"
