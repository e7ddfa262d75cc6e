"""The mount suites over servers of each narrower kind, which scripts/git-server plays by a modifier of its URLs.

Their tests were written for a git that takes all. What a test says of requests or of messages that such a server changes
for good reason is listed here; all other cases must pass.
"""

import fnmatch
import os
import subprocess
import xml.etree.ElementTree

from .work import ENV, TOP, say

NAMES = ["github", "gerrit", "narrow", "nofront413", "digest"]
LIMIT = 1800  # seconds for one suite

WHOLE = "a server that takes blob:none alone sends all trees with the commit"
IN_THE_URL = "its URLs hold a password, which a config file takes none of, and which is shown nowhere"
SIZES = "sizes cost contents there, so a file is wanted by who looks it up, with its folder, before anybody reads it"

# (modifier, suite/case, reason); both may hold wildcards.
EXCEPTIONS = [
    ("github", "linux_tree/over_http_and_then_from_the_cache", "it counts requests, and there `find -ls` fetches contents"),
    ("digest", "replay_deployments/*", IN_THE_URL),
    ("digest", "many_repositories/*", IN_THE_URL),
    ("digest", "telemetry/metrics_of_each_entry_and_of_the_build", IN_THE_URL),
    ("digest", "trace/no_secrets_of_a_tree", IN_THE_URL),
    ("digest", "quota/info_gc_and_verify_work_while_a_mount_is_used", IN_THE_URL),
    ("digest", "mount_errors/credentials_*", "the test has credentials of its own"),
    ("digest", "trace/no_secrets", "the test has credentials of its own"),
    ("digest", "https/shows_what_a_clone_shows", "lighttpd asks nginx by HTTP/1.1, and both log"),
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


def failed_cases(path, suite, modifier, binary, folder):
    """Cases that failed, as suite/case, with what the first failed check says."""
    log = os.path.join(folder, f"{modifier}-{suite}.xml")
    environment = {**ENV, "GITFS_SOURCE_DIR": TOP, "GITFS_BINARY": binary, "GITFS_SERVER_MODIFIERS": modifier, "TMPDIR": folder}
    # As ctest runs them: with git's own settings, which some of the cases set.
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_TERMINAL_PROMPT"):
        environment.pop(name)
    try:
        subprocess.run([path, "--run_test=" + suite, "--logger=JUNIT,error," + log], env=environment, timeout=LIMIT,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cases = xml.etree.ElementTree.parse(log).getroot().iter("testcase")
    except subprocess.TimeoutExpired:
        return {suite + "/*": f"more than {LIMIT} s"}, 0
    except (OSError, xml.etree.ElementTree.ParseError):
        return {suite + "/*": "the suite ended without a report"}, 0
    failed, count = {}, 0
    for case in cases:
        count += 1
        trouble = [child for child in case if child.tag in ("failure", "error")]
        if trouble:
            where = (case.get("classname") or "").split(".")[-1]
            said = (trouble[0].get("message") or "") + " " + (trouble[0].text or "")
            failed[f"{suite}/{case.get('name')}" if where in ("", suite) else f"{suite}/{where}/{case.get('name')}"] = \
                " ".join(said.split())[:300]
    return failed, count


def reason(modifier, case):
    return next((why for kind, pattern, why in EXCEPTIONS
                 if fnmatch.fnmatch(modifier, kind) and fnmatch.fnmatch(case, pattern)), None)


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
                why = reason(modifier, case)
                (failed if why is None else excepted)[case] = said if why is None else why
                say(f"{modifier}: {case}: {'FAILED: ' + said if why is None else 'excepted: ' + why}")
        print(f"| `{modifier}` | {count} | {count - len(excepted) - len(failed)} | {len(excepted)} | {len(failed)} |", flush=True)
        notes += [f"- `{modifier}`, {case}: {said}" for case, said in failed.items()]
        good = good and not failed and count > 0
    print("\n" + "\n".join(notes) if notes else "")
    return 0 if good else 1
