"""System call numbers of the two architectures the jail knows.

Written from the kernel's own headers (asm/unistd_64.h and asm-generic/unistd.h). A name missing
for an architecture does not exist there. Any other architecture has no table: it is refused.
"""

from __future__ import annotations

import platform

AUDIT_ARCH_X86_64 = 0xC000003E
AUDIT_ARCH_AARCH64 = 0xC00000B7


def _table(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in (pair.split("=") for pair in text.split())}


X86_64 = _table(
    """
    read=0 write=1 close=3 fstat=5 poll=7 lseek=8 mmap=9 mprotect=10 munmap=11 brk=12
    rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 pread64=17 readv=19 writev=20 preadv=295
    select=23 sched_yield=24 mremap=25 msync=26 madvise=28 dup=32 dup2=33 dup3=292 nanosleep=35
    getitimer=36 getpid=39 exit=60 uname=63 getcwd=79 gettimeofday=96 getrlimit=97 getrusage=98
    sysinfo=99 times=100 getuid=102 getgid=104 geteuid=107 getegid=108 getppid=110 getpgrp=111
    getgroups=115 getresuid=118 getresgid=120 getpgid=121 getsid=124 rt_sigpending=127
    rt_sigtimedwait=128 sigaltstack=131 arch_prctl=158 gettid=186 time=201 futex=202
    sched_getaffinity=204 set_tid_address=218 restart_syscall=219 clock_gettime=228
    clock_getres=229 clock_nanosleep=230 exit_group=231 pselect6=270 ppoll=271
    set_robust_list=273 get_robust_list=274 getcpu=309 getrandom=318 membarrier=324 rseq=334
    futex_waitv=449 sched_getparam=143 sched_getscheduler=145 sched_get_priority_max=146
    sched_get_priority_min=147 get_mempolicy=239 fadvise64=221 close_range=436 recvmsg=47
    sendmsg=46 prlimit64=302 setrlimit=160 seccomp=317 prctl=157 ioctl=16 fcntl=72 clone=56
    clone3=435 openat=257 open=2 openat2=437 creat=85 newfstatat=262 stat=4 lstat=6 statx=332
    access=21 faccessat=269 faccessat2=439 readlink=89 readlinkat=267 getdents=78 getdents64=217
    statfs=137 fstatfs=138 chdir=80 fchdir=81 unlink=87 unlinkat=263 rename=82 renameat=264
    renameat2=316 mkdir=83 mkdirat=258 rmdir=84 link=86 linkat=265 symlink=88 symlinkat=266
    chmod=90 fchmodat=268 chown=92 fchownat=260 truncate=76 utimensat=280 mknod=133 mknodat=259
    name_to_handle_at=303 inotify_add_watch=254 getxattr=191 lgetxattr=192 listxattr=194
    llistxattr=195 setxattr=188 lsetxattr=189 ptrace=101 execve=59 execveat=322 bpf=321
    io_uring_setup=425 io_uring_enter=426 io_uring_register=427 mount=165 umount2=166
    pivot_root=155 chroot=161 unshare=272 setns=308 keyctl=250 add_key=248 request_key=249
    process_vm_readv=310 process_vm_writev=311 perf_event_open=298 userfaultfd=323
    init_module=175 finit_module=313 delete_module=176 kexec_load=246 kexec_file_load=320
    open_by_handle_at=304 fsopen=430 fsconfig=431 fspick=433 fsmount=432 move_mount=429
    open_tree=428 mount_setattr=442 pidfd_open=434 pidfd_getfd=438 pidfd_send_signal=424
    process_madvise=440 kcmp=312 setuid=105 setgid=106 setreuid=113 setregid=114 setresuid=117
    setresgid=119 setgroups=116 setfsuid=122 setfsgid=123 capset=126 reboot=169 swapon=167
    swapoff=168 iopl=172 ioperm=173 modify_ldt=154 personality=135 acct=163 quotactl=179
    settimeofday=164 clock_settime=227 adjtimex=159 sethostname=170 setdomainname=171
    landlock_create_ruleset=444 landlock_add_rule=445 landlock_restrict_self=446
    """
)

AARCH64 = _table(
    """
    read=63 write=64 close=57 fstat=80 lseek=62 mmap=222 mprotect=226 munmap=215 brk=214
    rt_sigaction=134 rt_sigprocmask=135 rt_sigreturn=139 pread64=67 readv=65 writev=66 preadv=69
    sched_yield=124 mremap=216 msync=227 madvise=233 dup=23 dup3=24 nanosleep=101 getitimer=102
    getpid=172 exit=93 uname=160 getcwd=17 gettimeofday=169 getrlimit=163 getrusage=165
    sysinfo=179 times=153 getuid=174 getgid=176 geteuid=175 getegid=177 getppid=173
    getgroups=158 getresuid=148 getresgid=150 getpgid=155 getsid=156 rt_sigpending=136
    rt_sigtimedwait=137 sigaltstack=132 gettid=178 futex=98 sched_getaffinity=123
    set_tid_address=96 restart_syscall=128 clock_gettime=113 clock_getres=114
    clock_nanosleep=115 exit_group=94 pselect6=72 ppoll=73 set_robust_list=99
    get_robust_list=100 getcpu=168 getrandom=278 membarrier=283 rseq=293 futex_waitv=449
    sched_getparam=121 sched_getscheduler=120 sched_get_priority_max=125
    sched_get_priority_min=126 get_mempolicy=236 fadvise64=223 close_range=436 recvmsg=212
    sendmsg=211 prlimit64=261 setrlimit=164 seccomp=277 prctl=167 ioctl=29 fcntl=25 clone=220
    clone3=435 openat=56 openat2=437 statx=291 faccessat=48 faccessat2=439 readlinkat=78
    getdents64=61 statfs=43 fstatfs=44 chdir=49 fchdir=50 unlinkat=35 renameat=38 renameat2=276
    mkdirat=34 linkat=37 symlinkat=36 fchmodat=53 fchownat=54 truncate=45 utimensat=88
    mknodat=33 name_to_handle_at=264 inotify_add_watch=27 getxattr=8 lgetxattr=9 listxattr=11
    llistxattr=12 setxattr=5 lsetxattr=6 ptrace=117 execve=221 execveat=281 bpf=280
    io_uring_setup=425 io_uring_enter=426 io_uring_register=427 mount=40 umount2=39
    pivot_root=41 chroot=51 unshare=97 setns=268 keyctl=219 add_key=217 request_key=218
    process_vm_readv=270 process_vm_writev=271 perf_event_open=241 userfaultfd=282
    init_module=105 finit_module=273 delete_module=106 kexec_load=104 kexec_file_load=294
    open_by_handle_at=265 fsopen=430 fsconfig=431 fspick=433 fsmount=432 move_mount=429
    open_tree=428 mount_setattr=442 pidfd_open=434 pidfd_getfd=438 pidfd_send_signal=424
    process_madvise=440 kcmp=272 setuid=146 setgid=144 setreuid=145 setregid=143 setresuid=147
    setresgid=149 setgroups=159 setfsuid=151 setfsgid=152 capset=91 reboot=142 swapon=224
    swapoff=225 personality=92 acct=89 quotactl=60 settimeofday=170 clock_settime=112
    adjtimex=171 sethostname=161 setdomainname=162 landlock_create_ruleset=444
    landlock_add_rule=445 landlock_restrict_self=446 newfstatat=79
    """
)

ARCHITECTURES = {"x86_64": (AUDIT_ARCH_X86_64, X86_64), "aarch64": (AUDIT_ARCH_AARCH64, AARCH64)}


def architecture(machine: str | None = None) -> tuple[int, dict[str, int]]:
    """The audit number and the call table of `machine` (this machine when not given).

    Raises OSError for an architecture without a table.
    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        raise OSError(f"no system call table for {machine}: the jail knows x86_64 and aarch64")
    return ARCHITECTURES[machine]
