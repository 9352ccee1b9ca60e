print("telecine")
