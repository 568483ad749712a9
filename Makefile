# Short names for the usual commands; docs/building.md says what lies behind them.

BUILD := build/release
# The packages are Debian's; elsewhere install their equivalents and run: make demo SETUP=true
SETUP ?= scripts/setup.sh
# Passed to cmake, e.g. make build CMAKE_FLAGS=-DSEAM_MARCH=native
CMAKE_FLAGS ?=
# What `make demo` scores; may hold spaces: make demo VIDEO='my holiday.mp4'
VIDEO ?= share/demo.mp4
PREFIX ?= /usr/local
export VIDEO PREFIX

.PHONY: build demo test setup install format clean

build: setup
	@if [ -n "$(CMAKE_FLAGS)" ] || [ ! -f $(BUILD)/build.ninja ]; then cmake --preset release $(CMAKE_FLAGS) >&2; fi
	@cmake --build --preset release >&2

demo: build
	@$(BUILD)/bin/seam infer "$$VIDEO"

test: build
	@ctest --preset release -j2

setup:
	@$(SETUP)

install: build
	cmake --install $(BUILD) --prefix "$$PREFIX"

format:
	git ls-files -z '*.h' '*.cc' '*.proto' | xargs -0 clang-format -i

clean:
	rm -rf build
