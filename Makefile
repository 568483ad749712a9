# Short names for the usual commands; docs/building.md says what lies behind them.

BUILD := build/release
# The packages are Debian's; elsewhere install their equivalents and run: make demo SETUP=true
SETUP ?= scripts/setup.sh
# Passed to cmake, e.g. make build CMAKE_FLAGS=-DSEAM_MARCH=native
CMAKE_FLAGS ?=
# What `make demo` scores in place of its own two clips; may hold spaces: make demo VIDEO='my holiday.mp4'
VIDEO ?=
PREFIX ?= /usr/local
export VIDEO PREFIX

.PHONY: build configure demo test setup install package format clean

configure: setup
	@if [ -n "$(CMAKE_FLAGS)" ] || [ ! -f $(BUILD)/build.ninja ]; then cmake --preset release $(CMAKE_FLAGS) >&2; fi

build: configure
	@cmake --build --preset release >&2

# Only what it runs: no tests, nothing that needs LibTorch.
demo: configure
	@cmake --build --preset release --target seam seam-infer >&2
	@if [ -n "$$VIDEO" ]; then exec $(BUILD)/bin/seam infer "$$VIDEO"; fi; \
	$(BUILD)/bin/seam infer share/demo.mp4 share/demo-tampered.mp4 || exit $$?; \
	printf '%s\n' '' 'demo.mp4 is a real portrait. In demo-tampered.mp4 the face was made again at a quarter of its size and' \
	  'pasted back. What to look for: the tampered clip has by far the greater score. It is a coarse fake;' \
	  'most fakes are harder, and many are called uncertain or real. No score is a proof by itself' \
	  '(docs/default-model.md). To see the faces and the scores over time:' \
	  '  $(BUILD)/bin/seam infer share/demo*.mp4 --report demo.html'

test: build
	@scripts/run_tests.sh $(BUILD) -j2

setup:
	@$(SETUP)

# Debian packages in $(BUILD)/packages: seam, and seam-train with what needs LibTorch.
package: configure
	@cmake --build --preset release --target installed >&2
	@cd $(BUILD) && cpack -G DEB >&2 && ls packages/*.deb

install: build
	@cmake --build --preset release --target installed >&2
	cmake --install $(BUILD) --prefix "$$PREFIX"

format:
	git ls-files -z '*.h' '*.cc' '*.proto' | xargs -0 clang-format -i

clean:
	rm -rf build
