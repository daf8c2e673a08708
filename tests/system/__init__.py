"""Tests on a whole Airflow. As a package, it ends its Airflow when its last test is over, not when all tests are."""
