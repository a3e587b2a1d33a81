"""The public class, and what combines promises, bounds them in time, or waits for them."""
