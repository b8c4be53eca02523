"""What is built is what a stranger gets: installed and used outside the checkout."""
