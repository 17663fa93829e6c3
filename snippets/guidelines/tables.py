"""What does the chapter say to begin with?"""

from lightning_modules.recipes.defaults import table

default = table("default")
self_normalizing = table("self-normalizing")
for name, rows in (("default", default), ("self-normalizing", self_normalizing)):
    print(name)
    for part, words in rows.items():
        print(f"  {part:15}{words}")
