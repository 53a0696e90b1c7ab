# make demo [INPUT=DIR]   streams a night of alerts through the whole system
# make test               lint, types and every test
# make fuzz               a million damaged packets through every decoder; PACKETS=1000: fewer
# make chaos              a real cluster of three nodes under faults of all kinds; FAULTS=10: fewer; SOAK=600: and ten
#                         minutes at a survey's full rate
# make requirements       pins the dependencies again after a change in pyproject.toml; UPGRADE=1: newer ones
# make clean              removes the environment and the caches; sosia-demo/ stays
#
# Each does its own set-up, once; it takes Python 3.11.4 to 3.13 (another than python3: make PYTHON=python3.12), make and git.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: demo test fuzz chaos requirements clean

demo: $(READY)
	$(BIN)/sosia demo $(if $(INPUT),--input "$(INPUT)")

test: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest

fuzz: $(READY)
	$(BIN)/python -m tests.hostile.fuzz $(if $(PACKETS),--packets $(PACKETS))

chaos: $(READY)
	$(BIN)/python -m tests.chaos.run $(if $(FAULTS),--faults $(FAULTS)) $(if $(SOAK),--soak $(SOAK))

# Written last, so that an installation that was interrupted is taken up again.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11, 4) <= sys.version_info[:3] < (3, 14))' || { \
	  echo "Sosia needs Python 3.11 (from 3.11.4 on), 3.12 or 3.13; $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $@

requirements: $(READY)
	$(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11.4 --generate-hashes --extra dev \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
	  --output-file requirements.txt pyproject.toml

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
