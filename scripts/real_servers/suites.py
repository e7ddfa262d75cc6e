"""The mount suites over servers of each narrower kind, which scripts/git-server plays by a modifier of its URLs.

Their tests were written for a git that takes all. What a test says of requests or of messages that such a server changes
for good reason is listed here; all other cases must pass.
"""

import fnmatch
import os
import re
import subprocess
import xml.etree.ElementTree

import fixture

from .work import ENV, TOP, say

NAMES = ["github", "gerrit", "narrow", "nofront413", "digest"]
LIMIT = 1800  # seconds for one suite

IN_PARTS = "it counts requests, and what is more than 16 KB is asked for in parts there"
REFUSED = "finding out how large a request may be costs some that fail"
WHOLE = "a server that takes blob:none alone sends all trees with the commit"
FIRST = "of a server of which nothing is known it takes two requests more to learn what can be had"
SIZES = "sizes cost contents there, so a file is wanted by who looks it up, with its folder, before anybody reads it"

# (modifier, suite/case, reason); both may hold wildcards. With a fourth, an expression: only while every check that fails says it.
EXCEPTIONS = [
    ("github", "linux_tree/over_http_and_then_from_the_cache", "it counts requests, and there `find -ls` fetches contents"),
    ("digest", "mount_errors/credentials_*", "the test has credentials of its own"),
    ("digest", "credential_helper/*", "the password is in .netrc, so no helper is asked"),
    ("digest", "authentication/by_a_client_certificate", "its home has no password, and lighttpd asks before nginx does"),
    ("digest", "authentication/a_dumb_server_is_called_one", "its home has no password"),
    ("digest", "https/shows_what_a_clone_shows", "lighttpd asks nginx by HTTP/1.1, and that is what the test sees"),
    ("g*", "faults/a_connection_that_is_cut", "an answer that the modifier changes leaves at its end, and the end is cut off"),
    ("gerrit", "mount_errors/a_server_that_does_not_speak_what_is_needed",
     "it says that it speaks protocol v2 whatever the git behind it does"),
    ("narrow", "interrupt/a_lookup_or_listing_that_waits_can_be_ended", WHOLE + ", so listing waits for nothing"),
    ("narrow", "outage/the_wait_ends_and_later_readers_do_not_begin_another", WHOLE + ", so listing fails for nobody"),
    ("narrow", "server_kinds/what_was_learned_of_a_server_is_shown_and_serves_the_next_mount", "it is about another kind of server"),
    ("narrow", "faults/a_server_that_is_gone_and_comes_back", WHOLE + ", so listing fails for nobody"),
    ("narrow", "outage/a_signal_ends_a_wait", WHOLE + ", so listing waits for nothing"),
    ("narrow", "hostile/what_breaks_the_server_fails_alone/*", WHOLE + ", and this one cannot"),
    ("narrow", "why/folders_and_links", WHOLE + ", so nobody has wanted them"),
    ("narrow", "why/what_cannot_be_told", WHOLE + ", so a folder is known before it is listed"),
    ("nofront413", "prefetch/sizes_of_a_listing_come_unasked_in_one_request", IN_PARTS, r"server\.count\("),
    ("nofront413", "prefetch/ls_l_of_a_cold_folder_costs_few_requests", IN_PARTS, r"message: [a-z/]*: \d+"),
    ("nofront413", "prefetch/a_walk_costs_far_fewer_requests_than_it_has_folders", IN_PARTS, r"message: [a-z/]*: \d+"),
    ("nofront413", "equality/the_awkward_repository_from_servers_of_other_kinds/*", REFUSED, r"transfers\.failed"),
    ("nofront413", "server_kinds/behind_digest_authentication", REFUSED, r"transfers\.failed"),
    ("nofront413", "cache_faults/a_limit_of_the_size_of_files",
     "answers are smaller there, so one below the limit can be written between two that are above it", "not_written"),
    ("nofront413", "linux_tree/cp_reads_in_the_order_of_inode_numbers", IN_PARTS, r"message: requests: \d+"),
    ("nofront413", "linux_tree/over_http_and_then_from_the_cache", IN_PARTS, r"message: [a-z, ]*: \d+"),
    ("nofront413", "server_kinds/servers_that_can_less/*", REFUSED, r"transfers\.failed"),
    ("narrow", "linux_tree/over_http_and_then_from_the_cache", FIRST, r"message: mount and ls: \d+"),
    ("github", "server_kinds/what_was_learned_of_a_server_is_shown_and_serves_the_next_mount", "it is about another kind of server"),
    ("github", "prefetch/sizes_of_a_listing_come_unasked_in_one_request", "no sizes are told there", r"server\.count\("),
    ("github", "prefetch/one_read_fetches_one_file", SIZES, r"server\.count\("),
    ("github", "prefetch_command/a_dry_run_brings_no_contents", SIZES, r"upstream\.bytes"),
    ("github", "prefetch_command/each_file_that_cannot_be_read_is_named", SIZES),
    ("github", "prefetch_command/an_interrupted_one_ends_and_the_mount_stays", SIZES),
    ("github", "prefetch_command/a_terminal_shows_a_bar", "the walk has brought the contents, so reading them takes no time to draw"),
    ("github", "top/who_waits_for_what_is_on_its_way", SIZES),
    ("github", "why/a_file_that_was_read", SIZES),
    ("github", "why/files_that_came_ahead_of_a_reader", SIZES),
]


def program(options):
    path = os.path.join(os.path.dirname(options.binary), "mount_test")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"real-servers: {path} is missing: build the target mount_test beside --binary")
    return path


def suites(path):
    """The tree that Boost.Test prints has two levels here: suites, and their cases indented."""
    listed = subprocess.run([path, "--list_content"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return [line.rstrip("*") for line in listed.stdout.splitlines() if line and not line.startswith(" ")]


def with_password(folder):
    """For servers that want one: it is in .netrc, since a URL that holds it is shown nowhere and stands in no config file."""
    home = os.path.join(folder, "home")
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(home, ".netrc"), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        for machine in ("127.0.0.1", "localhost"):
            file.write(f"machine {machine} login user password pass\n")
    return {"HOME": home, "GITFS_FIXTURES": fixture.folder()}


def failed_cases(path, suite, modifier, binary, folder):
    """Cases that failed, as suite/case, with what each failed check says, and the number of all."""
    log = os.path.join(folder, f"{modifier}-{suite}.xml")
    environment = {**ENV, "GITFS_SOURCE_DIR": TOP, "GITFS_BINARY": binary, "GITFS_SERVER_MODIFIERS": modifier, "TMPDIR": folder}
    environment.update(with_password(folder) if modifier == "digest" else {})
    # As ctest runs them: with git's own settings, which some of the cases set.
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_TERMINAL_PROMPT"):
        environment.pop(name)
    try:
        subprocess.run([path, "--run_test=" + suite, "--logger=JUNIT,error," + log], env=environment, timeout=LIMIT,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(log, "rb") as file:
            # A message may hold the name of a file as it is, with bytes that XML does not take.
            text = re.sub(rb"[^\t\n\x20-\x7e]", b"?", file.read())
        cases = xml.etree.ElementTree.fromstring(text).iter("testcase")
    except subprocess.TimeoutExpired:
        return {suite + "/*": [f"more than {LIMIT} s"]}, 0
    except (OSError, xml.etree.ElementTree.ParseError):
        return {suite + "/*": ["the suite ended without a report"]}, 0
    failed, count = {}, 0
    for case in cases:
        if case.find("skipped") is not None:
            continue
        count += 1
        trouble = [child for child in case if child.tag in ("failure", "error")]
        if trouble:
            where = (case.get("classname") or "").split(".")[-1]
            said = [" ".join(f"{each.get('message') or ''} {each.text or ''}".split())[:300] for each in trouble]
            failed[f"{suite}/{case.get('name')}" if where in ("", suite) else f"{suite}/{where}/{case.get('name')}"] = said
    return failed, count


def reason(modifier, case, said):
    return next((why for kind, pattern, why, *only in EXCEPTIONS
                 if fnmatch.fnmatch(modifier, kind) and fnmatch.fnmatch(case, pattern)
                 and all(re.search(text, each) for text in only for each in said)), None)


def run(options):
    path, good = program(options), True
    chosen = suites(path)
    for name in options.suite or []:
        if name not in chosen:
            raise SystemExit(f"real-servers: there is no suite '{name}': {', '.join(chosen)}")
    chosen = [each for each in chosen if not options.suite or each in options.suite]
    names = [name for name in NAMES if not options.only or name in options.only]
    print("| modifier | cases | as on a git that takes all | exceptions | failed |\n|---|---|---|---|---|")
    notes = []
    for modifier in names:
        count, excepted, failed = 0, {}, {}
        for suite in chosen:
            say(f"{modifier}: {suite}")
            wrong, cases = failed_cases(path, suite, modifier, options.binary, options.folder)
            count += cases
            for case, said in wrong.items():
                why = reason(modifier, case, said)
                (failed if why is None else excepted)[case] = said[0] if why is None else why
                say(f"{modifier}: {case}: {'FAILED: ' + said[0] if why is None else 'excepted: ' + why}")
        print(f"| `{modifier}` | {count} | {count - len(excepted) - len(failed)} | {len(excepted)} | {len(failed)} |", flush=True)
        notes += [f"- `{modifier}`, {case}: {said}" for case, said in failed.items()]
        good = good and not failed and count > 0
    print("\n" + "\n".join(notes) if notes else "")
    return 0 if good else 1
