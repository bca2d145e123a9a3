"""How learners fare with a task, or a cohort with all of its tasks: counted when it is looked at."""
