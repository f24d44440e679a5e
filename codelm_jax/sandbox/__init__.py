"""The sandbox: runs untrusted code, and judges it in another process. Standard library only, Linux only.

    from codelm_jax.sandbox.pool import Sandbox

    with Sandbox(workers=2) as sandbox:
        verdict = sandbox.judge(program, check, entry_point)

The program runs in a *worker*, a process that is jailed before its first untrusted line and killed after one sample.
The check runs in a *judge*, another process, against a stub that sends arguments over a pipe and decodes the reply into plain
builtin values. Tests, expected values and solutions never enter a worker; its exit status and output count for nothing.

Covered, each by at least one kernel layer and tested by attacks (docs/sandbox.md):
    - forged passes: lying objects, exit codes, output, frame walks, tracing, threads, looking for the expected values;
    - harm to files, processes, environment and network outside, and reading secrets there;
    - floods of memory, disk, output, threads, processes; hangs of the program, its values, or the check it is handed to;
    - processes that outlive their sample, and what one sample leaves behind for the next.

Layers: namespaces (or bubblewrap's), a user without rights, no capabilities, no_new_privs, Landlock, resource limits, a list of
allowed system calls (seccomp). Without seccomp, no_new_privs, limits and empty capabilities, or with neither Landlock nor a
private root, it refuses to run and names what is missing; a self-test then tries to do harm before the first job. Each verdict
records the layers that held.

Not covered:
    - bugs in the kernel or in CPython below the system calls that seccomp leaves open;
    - side channels: timing, caches, load. Samples that run side by side slow each other down; the deadline is therefore one of
      processor time, with a wide limit on wall-clock time;
    - without namespaces: that a file outside exists, its size and its owner (`stat`), and the names of processes' owners;
      the contents of neither. Scratch space is then limited by a check 20 times a second, not by the kernel;
    - a candidate that computes the right answer in a way that you would not call solving it, and a check too weak to tell;
    - the trusted side: prompts and checks run with your rights, in the judge;
    - processors other than x86_64 and aarch64, which are refused; on aarch64 only the tables were checked, against the
      kernel's headers, on no machine.

Limits that honest programs may meet: no sockets (so no asyncio loop), no child processes, no links, only the standard library and
of that only what needs no shared library beyond those already loaded; values cross by `codec`'s rules, so a function whose only
effect is on its arguments, or that takes or returns objects of its own classes, cannot be tested.
"""
