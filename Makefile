# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test check serve clean tools bench-main-job bench-kill chaos-partition

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: $(VENV)/.demo ## show everything within two minutes: the model event, rehearsed
	$(BIN)/showcaller demo

serve: $(VENV)/.demo ## serve the model event live, on http://127.0.0.1:8080
	$(BIN)/showcaller serve schedules/systems-scale-winter-2023.yaml

# Most tests wait for real programs: three files at a time are quicker on two cores.
PYTEST_PROCESSES ?= 3

test: $(VENV)/.dev tools client_sdk/js/node_modules/.installed ## install what the tests need and run them all
	$(BIN)/python -m pytest -q --numprocesses $(PYTEST_PROCESSES) --dist loadfile $(PYTEST_ARGS)
	cd client_sdk/js && npm test --silent

check: $(VENV)/.dev client_sdk/js/node_modules/.installed ## lint and types: ruff, mypy --strict, tsc
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd client_sdk/js && npx tsc -p .

tools: ## redis-server, nginx, Chromium, Firefox and others, which the tests run for real
	@deploy/install-test-tools.sh

bench-main-job: $(VENV)/.dev tools ## how punctual a talk and a question are in Chromium, on one node and on two
	$(BIN)/python loadtests/main_job.py

bench-kill: $(VENV)/.dev tools ## kill a node at a due cue, ten times: when is everybody whole again?
	SHOWCALLER_KILLS=10 $(BIN)/python -m pytest -q -s tests/integration/test_two_nodes.py

chaos-partition: $(VENV)/.dev tools ## part a Redis from its replica and write to both, 20 times: is anybody shown something else?
	SHOWCALLER_SEEDS=20 $(BIN)/python -m pytest -q tests/integration/test_partition.py

clean: ## forget what was installed here
	rm -rf $(VENV) client_sdk/js/node_modules

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml hatch_build.py server/showcaller/media/egress/egress.c client_sdk/python/pyproject.toml client_sdk/js/package-lock.json
	$(BIN)/pip install --quiet --editable . --editable 'client_sdk/python[media]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

client_sdk/js/node_modules/.installed: client_sdk/js/package-lock.json
	cd client_sdk/js && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: chaos

chaos: $(VENV)/.dev tools ## kill, freeze, partition, fill, flood: is anything lost, doubled, different or stale? (40 minutes)
	cd loadtests && $(CURDIR)/$(BIN)/python -m chaos $(ARGS)

.PHONY: bench-fanout bench-connections bench-votes bench-replay

bench-fanout: $(VENV)/.dev ## what a broadcast to 10,000 sockets costs, against send() in C
	$(BIN)/python loadtests/bench_fanout.py

bench-connections: $(VENV)/.dev ## memory and CPU of idle sockets, joins, a reconnect storm
	$(BIN)/python loadtests/bench_connections.py

bench-votes: $(VENV)/.dev tools ## votes a second on SQLite and on Redis
	$(BIN)/python loadtests/bench_votes.py

bench-replay: $(VENV)/.dev ## how long a million facts take to fold
	$(BIN)/python loadtests/bench_replay.py

.PHONY: bench-peers bench-cues

bench-peers: $(VENV)/.dev tools ## deliveries, memory and delay beside Centrifugo, Socket.IO and websockets
	$(BIN)/python loadtests/bench_peers.py

bench-cues: $(VENV)/.dev ## how punctual cues are at 10,000 sockets, and how true the clients' clocks
	$(BIN)/python loadtests/bench_cues.py

.PHONY: bench-media attack-media

bench-media: $(VENV)/.dev ## what a media worker forwards on one core, to how many, and how fast they come in
	$(BIN)/python loadtests/bench_media.py $(ARGS)

attack-media: $(VENV)/.dev ## forgers, floods and half-open joins: do those who watch notice?
	cd loadtests && $(CURDIR)/$(BIN)/python -m media_swarm.attacks $(ARGS)

.PHONY: load
SCENARIO ?= doors_open

load: $(VENV)/.dev tools ## run a load scenario on a server of its own: SCENARIO=vote_storm ARGS="--audience 500 --duration 20s"
	$(BIN)/showcaller-load run $(SCENARIO) $(ARGS)

.PHONY: conformance-whip-whep

conformance-whip-whep: $(VENV)/.dev ## ask a real server all that WHIP and WHEP demand, with a report
	SHOWCALLER_CONFORMANCE="slow or not slow" $(BIN)/python -m pytest -s tests/integration/test_whip_whep_conformance.py

.PHONY: egress

egress: $(VENV)/.demo ## build the native media egress again, after a change or when a compiler has come
	$(BIN)/python server/showcaller/media/egress/build.py

.PHONY: bench-page-loads

bench-page-loads: $(VENV)/.dev tools ## what a page costs a server, beside the build of 5d150ae, and a visitor on a slow line
	$(BIN)/python loadtests/bench_page_loads.py $(ARGS)

.PHONY: bench-tls

bench-tls: $(VENV)/.dev tools ## what TLS costs in our process, in nginx before it, and in the standard library alone
	$(BIN)/python loadtests/bench_tls.py $(ARGS)

.PHONY: bench-first-frame

bench-first-frame: $(VENV)/.dev tools ## how soon browsers show a stage, and how long a change of talk holds its picture up
	$(BIN)/python loadtests/bench_first_frame.py

.PHONY: bench-media-kill

bench-media-kill: $(VENV)/.dev tools ## how soon Chromium shows the talk again when a media worker dies or hangs
	$(BIN)/python loadtests/bench_media_kill.py

.PHONY: bench-far-branch

bench-far-branch: $(VENV)/.dev ## what a line of 40 ms and 1 % loss between two nodes adds and loses (root: it makes a namespace)
	$(BIN)/python loadtests/bench_far_branch.py

.PHONY: bench-far-stage

bench-far-stage: $(VENV)/.dev tools ## what Chromium sees at a far node when talks change and the node dies (root: it makes a namespace)
	$(BIN)/python loadtests/bench_far_stage.py

.PHONY: bench-media-peers

bench-media-peers: $(VENV)/.dev ## packets a second of CPU beside LiveKit, Janus and MediaMTX
	$(BIN)/python loadtests/bench_media_peers.py

.PHONY: bench-pages

bench-pages: $(VENV)/.dev tools ## what the pages of a long event cost a browser: script, layout shifts, kilobytes
	$(BIN)/python loadtests/bench_pages.py $(ARGS)

.PHONY: pictures

pictures: $(VENV)/.dev tools ## pictures of all pages in use, from the demo: build/pictures, and those of README in docs/pictures
	$(BIN)/python docs/pictures.py $(ARGS)

.PHONY: findings

findings: ## run what surprised us in other people's software, to see whether it is still so
	@failed=""; for one in findings/*.sh; do \
		echo "== $$one"; sh $$one || failed="$$failed $$one"; done; \
	[ -z "$$failed" ] || { echo "changed, or could not be run:$$failed" >&2; exit 1; }

.PHONY: interop

interop: $(VENV)/.dev tools ## other people's WebRTC, both ways, for 70 s each: the matrix of docs/publishing.md; ARGS="pion str0m"
	$(BIN)/python loadtests/interop/run.py $(ARGS)

.PHONY: bench-recording

bench-recording: $(VENV)/.dev tools ## what recording and HLS cost, how late HLS is, what a kill loses, whether lips stay with voices (10 minutes)
	$(BIN)/python loadtests/bench_recording.py $(ARGS)
