"""Use cases of shifts: the controller that makes their steps, and the commands of people."""
