"""Exercise 7, solved in Python, by the C library itself."""

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


segment = checked(libc.shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600))
memory = checked(libc.shmat(segment, None, 0))
ctypes.memmove(memory, TEXT, len(TEXT))
checked(libc.shmdt(memory))
memory = checked(libc.shmat(segment, 0x5000000, 0))
print("Reattached at address", hex(memory))
print(ctypes.string_at(memory).decode())
checked(libc.shmdt(memory))
checked(libc.shmctl(segment, IPC_RMID, None))
