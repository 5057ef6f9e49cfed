"""Exercise 11, solved in Python, by the C library itself."""

import ctypes
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmdt.argtypes = [ctypes.c_void_p]
libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]

IPC_PRIVATE, IPC_CREAT, IPC_EXCL, IPC_RMID, IPC_STAT = 0, 0o1000, 0o2000, 0, 2
SHM_RDONLY = 0o10000
SIZE = 25600
TEXT = b"THIS IS A TEST\0"


def checked(value):
    if value in (-1, ctypes.c_void_p(-1).value):
        sys.exit(f"errno {ctypes.get_errno()}")
    return value


segment = checked(libc.shmget(0x0B0B0B0B, 0, 0))
memory = checked(libc.shmat(segment, None, SHM_RDONLY))
print(ctypes.string_at(memory).decode())
checked(libc.shmdt(memory))
