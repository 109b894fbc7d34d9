"""Records a test, observes the state it left behind, and judges both."""
