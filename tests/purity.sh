#!/usr/bin/env bash
# The core, with every feature and every operation, its call and every source of credentials instantiated, calls nothing that reads a clock, the environment, files or entropy,
# opens sockets, or starts threads or processes. The lints in sts-proto/clippy.toml say so of the source; this says
# so of what the compiler made of it.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}/purity

# An object file lists what it calls and does not define; a whole program would hold all of the standard library.
for example in every_operation every_source; do
    cargo rustc --quiet --target-dir "$target" -p sts-proto --all-features --example "$example" -- --emit=obj -C codegen-units=1
done
newest() { find "$target/debug/$1" -name "$2" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-; }
objects=("$(newest examples 'every_operation-*.o')" "$(newest examples 'every_source-*.o')" "$(newest deps 'libsts_proto-*.rlib')")
calls=$(nm --undefined-only --demangle "${objects[@]}" 2>/dev/null | sed 's/^ *U //' | sort -u)

# A list that is empty, or lacks what must be there, would mean that nothing was looked at.
grep -q 'core::panicking' <<<"$calls" || { echo "purity: no calls found in ${objects[*]}" >&2; exit 1; }
# What is generic or asynchronous is compiled where it is used only: a part that is not there was not looked at.
defined=$(nm --defined-only --demangle "${objects[@]}" 2>/dev/null)
for part in operation call retry sigv4 reply xml http1 proxy settings config::profile observe refresh pool step::seq \
    source::{assumed_role,chain,container,environment,instance_metadata,login,process,profile,saml,scoped,sso,web_identity} \
    token::{cli_cache,console,eks,env,process,vault,web_identity}; do
    grep -q "[ <]sts_proto::$part::" <<<"$defined" || { echo "purity: sts_proto::$part was not compiled" >&2; exit 1; }
done

# Not banned: `std::hash::random`. `http::HeaderMap` holds the code that draws a seed when a map is filled with thousands
# of colliding names; the core's own maps are sorted lists, as its lints demand.
banned='std::(time::(Instant|SystemTime)|env::(var|args|vars|temp_dir|current)|fs::|net::|process::|thread::(spawn|sleep|Builder)|os::)|now_utc|getrandom|clock_gettime'
if found=$(grep -E "$banned" <<<"$calls"); then
    printf 'purity: the core calls\n%s\n' "$found" >&2
    exit 1
fi
echo "purity: none of $(wc -l <<<"$calls") symbols called is banned"
