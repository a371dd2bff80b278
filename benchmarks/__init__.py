import os

# Every peer but OpenTURNS is on one thread, as ours is. NumPy reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
