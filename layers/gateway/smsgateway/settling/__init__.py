"""settling"""
