"""What interrupts, forks, threads and tasks leave behind: `make attack`."""
